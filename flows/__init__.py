"""The story: one flow per stage, the tick, taking files in, delivery."""
