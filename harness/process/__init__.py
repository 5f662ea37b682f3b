"""The one place that runs processes: bounded in time, output and resources, and never left behind."""
