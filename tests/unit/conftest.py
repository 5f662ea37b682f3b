from hypothesis import settings

# A busy machine is no failure; the seeds of one are printed, so that they can be had again.
settings.register_profile("busy", deadline=None, print_blob=True, max_examples=100)
settings.load_profile("busy")
