# ttsd without a desktop: speech into files, or into a sound server whose socket is mounted. See docs/service.md.
#   docker build -t ttsd . && docker run --rm -v "$PWD/data:/data" ttsd
FROM python:3.11-slim-bookworm

RUN apt-get update \
 && apt-get install -y --no-install-recommends libpulse0 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 1000 ttsd \
 && install -d -o ttsd -g ttsd /data

WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY ttsd ttsd
RUN pip install --no-cache-dir '.[piper,hibari]'

USER ttsd
WORKDIR /data
# data/ttsd.toml, what it follows, the queue and the WAVs; log lines are JSON on stderr.
ENV TTSD_CONFIG=/data/ttsd.toml TTSD_STATE__DIR=/data/state TTSD_CONTROL__SOCKET=/data/state/control.sock
VOLUME /data
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["ttsd", "ctl", "ping"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["ttsd"]
CMD ["run"]
