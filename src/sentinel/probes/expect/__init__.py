"""What an answer must be: statuses, patterns, paths into JSON, and assertions made of them."""
