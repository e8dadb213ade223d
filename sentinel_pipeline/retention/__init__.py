"""How long what a data folder holds is kept: what lies there, what is due, what is held, and deleting it."""
