"""What watches over the bench as a whole: making it safe, finding what a dead run has left, independent supervision."""
