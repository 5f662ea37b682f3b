"""What the Go runtime prints when a program dies."""
