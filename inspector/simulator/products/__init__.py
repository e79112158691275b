"""The demo factory's products, one file each."""
