"""`galvanaut quote`: what a campaign will take, before anything moves."""
