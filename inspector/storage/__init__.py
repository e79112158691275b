"""What is kept: the journal ring, the database, the picture files."""
