"""How fast the loader and the models are, beside what one would use instead: ``make bench``."""
