"""The vocabulary: plain frozen data that every room speaks. Imports nothing of ours but errors."""
