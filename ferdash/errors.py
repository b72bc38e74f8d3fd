"""Problems that a person can fix. The message is shown to them as it is: what was wrong, where, and what to do."""


class FerdashError(Exception):
    """Base of every error whose text is meant for the person using ferdash."""


class LabelError(FerdashError):
    """A label that is none of the seven emotions."""


class DatasetError(FerdashError):
    """A dataset that cannot be read, imported or found."""


class ImageError(FerdashError):
    """A picture that cannot be read."""


class ModelError(FerdashError):
    """A model that cannot be found, loaded or mapped onto the seven emotions."""


class ConfigError(FerdashError):
    """A setting that does not exist or whose value makes no sense."""


class RunError(FerdashError):
    """A run that is missing, damaged or in use."""


class CheckpointError(FerdashError):
    """A checkpoint that is missing, torn, unsafe, or made for another network."""


class EvaluationError(FerdashError):
    """PredictionBatch that cannot be scored."""


class VideoError(FerdashError):
    """A video that cannot be read, or has no picture."""


class AnalysisError(FerdashError):
    """An analysis that is missing, damaged or in use."""


class SeriesError(FerdashError):
    """Emotions over time that cannot be measured or compared."""


class StudyError(FerdashError):
    """A study that is missing, unreachable, or of something else than what is asked for."""
