"""What a package is worth on labelled pictures: figures, limits, mistakes, and a package of it."""
