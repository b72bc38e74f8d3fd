"""What the Overview page says about measuring, and about what is not to be expected of it."""

MEASURED = """
- Nothing is tuned on the test images. The best epoch, the moment to stop, thresholds and calibration are all chosen on
  *validation*; *test* is looked at once, at the end.
- Every score says what it was measured on: the dataset, the split, the number of images, and whether test-time
  augmentation was used. Two scores measured on different images are not compared.
- In FER2013, 279 of the 3,578 validation images also stand among the training images. Scores are given with and without
  such duplicates, because a network recognises again what it has seen.
- The seven emotions are far from equally frequent, so accuracy alone flatters. F1 for each emotion stands beside it.
"""

LIMITS = """
- It names the *expression* that people would most likely see in a face. It does not know what a person feels: faces are
  posed, controlled, and read differently across cultures and situations.
- People asked to name FER2013's expressions agree with its labels on only about 65 of 100 faces (Goodfellow et al.,
  2013): many faces have no single right answer.
- It is less reliable for children, older people, covered or turned faces, and for groups that are rare in the training
  images.

**Do not use it** to judge people: not for hiring, schooling, policing, health, insurance or credit, nor to watch anyone
without their knowledge and consent. In the European Union, inferring emotions at work and in education is prohibited.
"""
