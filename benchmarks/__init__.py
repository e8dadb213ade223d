"""What is fast, as a ratio to the limit measured in the same run."""
