"""The settings of a site: what may stand in its files, and reading and checking them."""
