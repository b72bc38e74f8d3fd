# Two commands: `make run` opens the app, `make test` checks everything. Each sets up its own .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test fuzz mutation quick lint format coverage docs bench clean

run: $(VENV)/.app
	$(BIN)/python -m streamlit run streamlit_app.py

# A process of tests to each processor, and whoever is done takes what is left of the others'. Those that drive a browser
# come by themselves and one after another: two apps, two browsers and a training at once starve each other.
test: $(VENV)/.dev lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal --ignore tests/browser
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 0 tests/browser

# Every importer against 200 damaged files each, over 2,000 in all; `make test` tries two each.
fuzz: $(VENV)/.dev
	FERDASH_FUZZ=200 $(BIN)/python -m pytest tests/test_fuzz.py

# What is quick to know: everything but browsers, pages and whole trainings, in under two minutes.
quick: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/python -m pytest -n auto tests/test_*.py tests/evaluation tests/dynamics tests/runs tests/data tests/published \
	    tests/plots tests/tracking --ignore tests/test_package.py --ignore tests/test_promotion.py

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

coverage: $(VENV)/.dev
	$(BIN)/python -m pytest --cov=ferdash --cov=pages --cov-report=term-missing:skip-covered

# Whether the tests notice when a line that decides a score or an event is changed: about two hours on two cores.
mutation: $(VENV)/.dev
	$(BIN)/pip install --quiet "mutmut>=3.8"
	OMP_NUM_THREADS=1 $(BIN)/mutmut run --max-children 2
	$(BIN)/mutmut results

# The headline figures again, each beside what is claimed (benchmarks/README.md says what each needs).
bench: $(VENV)/.dev
	$(BIN)/python benchmarks/all.py

docs: $(VENV)/.dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ferdash needs Python 3.11 or newer (PYTHON=python3.12 make ...)")'
	$(PYTHON) -m venv $(VENV)

# torch first and by its exact version, so that no other package pulls in a different build.
$(VENV)/.app: requirements.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep '^torch==' requirements.txt)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.app
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info
