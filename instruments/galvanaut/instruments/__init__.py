"""What touches the bench: VISA link, drivers, bench files, station and journal."""
