# The app on a processor. Build: docker build -t ferdash .   Run: docker compose up
FROM python:3.12-slim

RUN useradd --create-home ferdash && mkdir /kept && chown ferdash /kept
WORKDIR /src
COPY . .
# torch by itself first, in its build for processors, which is a tenth of the other one.
RUN pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu "$(grep '^torch==' requirements.txt)" \
    && pip install --no-cache-dir '.[serve]' \
    && rm -rf /src/*

USER ferdash
WORKDIR /home/ferdash
ENV FERDASH_DATA=/kept/data FERDASH_CHECKPOINTS=/kept/checkpoints
VOLUME /kept
EXPOSE 8501 8600
HEALTHCHECK CMD python -c "import urllib.request as u; u.urlopen('http://localhost:8501/_stcore/health')"
CMD ["ferdash", "app", "--server.headless=true", "--server.address=0.0.0.0"]
