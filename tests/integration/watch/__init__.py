"""The watch on crossings, against Go as it is and against runtimes that break a promise."""
