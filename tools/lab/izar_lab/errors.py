"""The one exception of the lab: something the user can act on."""


class LabError(Exception):
    """What went wrong and what to do about it, in a sentence or two."""
