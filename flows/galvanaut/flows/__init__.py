"""What puts the rooms together: procedures, Prefect flows and the command line."""
