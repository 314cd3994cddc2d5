"""Errors that a person can act on: the message says what happened and what to do."""


class NightschoolError(Exception):
    """Base of all expected failures; the command line prints its text as one line and exits with 1."""


class RegistryError(NightschoolError):
    """An adapter is missing, damaged, or may not serve."""


class TrainingError(NightschoolError):
    """Training cannot begin, or went wrong."""


class TrainingStopped(Exception):
    """Training was stopped on purpose, or the claim on its night was lost; the night is resumed elsewhere or given up."""
