import pytest

from ferdash.data.sources.options import ImportOptions, parse_splits
from ferdash.errors import DatasetError


def test_names_are_compared_in_small_letters():
    options = ImportOptions(leave_out=(" Contempt ",), splits={"A": "train"})
    assert options.leaves_out("contempt")
    assert not options.leaves_out("happy")
    assert (options.split_of("a"), options.split_of("b")) == ("train", None)


def test_what_is_no_split_is_refused():
    with pytest.raises(DatasetError, match="“A” cannot be the split “exam”; choose one of train, validation, test"):
        ImportOptions(splits={"A": "exam"})
    with pytest.raises(DatasetError, match="“A” does not say which split a folder is; write it as NAME=train"):
        parse_splits(["A"])
