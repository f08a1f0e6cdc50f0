"""A file of configuration in, a Plan out."""
