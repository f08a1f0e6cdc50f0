"""History in, a Document out."""
