"""Web pages and an API over what is published: who may see what, how it looks, how files are handed out."""
