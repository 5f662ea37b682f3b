"""Take snapshots of a running program: at the places that somebody asked for, from the source that can answer."""
