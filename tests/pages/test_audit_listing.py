from pages.parts.dataset.audit import listing

from ferdash.data.audit import audit_dataset
from ferdash.emotions import EMOTIONS


def test_listing_has_every_image_of_a_finding_with_its_group(demo_dataset):
    finding = next(finding for finding in audit_dataset(demo_dataset).findings if len(finding.groups) > 1)
    table = listing(demo_dataset, finding)
    assert [tuple(rows) for _, rows in table.groupby("group")["row"]] == [tuple(group) for group in finding.groups]
    for record in table.itertuples():
        assert record.source == demo_dataset.table["source"].iloc[record.row]
        assert record.split == demo_dataset.table["split"].iloc[record.row]
        assert EMOTIONS.index(record.emotion) == demo_dataset.labels[record.row]
