"""What every model card says of FER2013, of the limits of such a model, and of what it is and is not for."""

FER2013_PROVENANCE = """\
FER2013 was put together by Pierre-Luc Carrier and Aaron Courville for a challenge on Kaggle in 2013 (Goodfellow et
al., "Challenges in Representation Learning: A report on three machine learning contests", 2013), and its authors
distribute it through Kaggle for research. The pictures came from a web image search for words of emotion; faces were
cropped automatically to 48 x 48 grey pixels. **The people shown were not asked**, and the pictures keep whatever rights
their makers hold: no image is part of this model's folder or of the project, and who uses the dataset should read the
terms under which they got it. Many labels are wrong or ambiguous: its authors measured a person's accuracy on it at
65 ± 5%."""

VOTES_PROVENANCE = """\
The raters' votes are FER+'s (Barsoum et al., "Training Deep Networks for Facial Expression Recognition with
Crowd-Sourced Label Distribution", 2016): ten people each said which of eight emotions they saw, that they could not
tell, or that it is no face."""

VOTES_DISTILLED = (
    "It learned what ten raters said of each training image (FER+) in the place of FER2013's label: the shares of the "
    "seven emotions among their votes, without votes that one rater alone gave. Images of which most of them saw none "
    "of the seven kept their label. Its temperature was fitted against the raters' majority, so a probability says how "
    "often most people would agree, and not how often FER2013's label does."
)

DEMO_PROVENANCE = """\
The faces were drawn by ferdash itself, from parameters and noise. They show nobody, and say nothing about how the model
does on photos."""

INTENDED = """\
- Learning and teaching how facial-expression models work and fail.
- Research that compares models and training methods on FER2013.
- Sorting or annotating pictures and videos of people who agreed to it, where a wrong answer costs nothing and a person
  looks at the result."""

UNINTENDED = """\
- **Any decision about a person**: hiring, promotion, work, school, examination, insurance, credit, asylum, policing,
  border control or court.
- Medical or psychological diagnosis, lie detection, or guessing intentions.
- Watching people who do not know of it or have not agreed.

In the European Union, Article 5(1)(f) of the AI Act (Regulation (EU) 2024/1689) forbids systems that infer the emotions
of people at work and in education, except for medical or safety reasons. This model was not made or tested for those
reasons either. Other uses of emotion recognition can count as high-risk there, with duties that this model does not
fulfil."""

LIMITS = """\
- It names the expression that a picture resembles, not what a person feels. The same face can go with different
  feelings, and the same feeling with different faces (Barrett et al., "Emotional Expressions Reconsidered", 2019).
- It knows seven labels and must choose one, also for a face that shows none of them or something that is no face.
- It learned from small, grey, mostly frontal faces. Expect it to do worse on profiles, covered faces, unusual light and
  faces that are cropped differently.
- How it does by age, skin colour, sex or culture was not measured, as the data does not say. Expect differences.
- The probabilities are those of the data it learned from, where some emotions are far more frequent than others."""
