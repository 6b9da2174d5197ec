"""The matching engine: arrays in, optimal pairs out."""
