"""A deployment as a value: what it is, how it lives, how its watch is judged, and what is told of it."""
