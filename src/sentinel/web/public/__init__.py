"""The public status page: what anybody may see, on an address of its own."""
