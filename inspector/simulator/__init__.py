"""The demo factory: its parts and their pictures, its belt, its PLC."""
