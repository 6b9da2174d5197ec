"""What to decide: pure pandas functions, validated in and out."""
