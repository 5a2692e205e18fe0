"""What a linked person has: albums and photos, an index that can be thrown away, uploads that are not lost."""
