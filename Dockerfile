# The service in a container: web, worker and beat under one supervisor; data in /data.
ARG BASE=python:3.12-slim
FROM ${BASE}
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 HOST=0.0.0.0 PORT=8000 DATA_DIR=/data HANDRAIL_COMMAND=handrail
# pg_dump and pg_restore: backups of PostgreSQL
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-client && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY requirements.txt .
RUN pip install -r requirements.txt
COPY . .
# The service's user may write no bytecode here, and the image's Python comes without its own: compiling anew cost each
# command and each hook a third to a half of its time.
RUN python -m compileall -q -x site-packages "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" .
RUN ln -s /app/config/entry/__main__.py /usr/local/bin/handrail
RUN useradd --system --uid 10001 --create-home handrail && install -d -o handrail -g handrail -m 700 /data
USER handrail
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=3s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
# `docker run --rm -v "$PWD:/src" -w /src IMAGE schemacheck migrations` checks files; without words it serves.
ENTRYPOINT ["handrail"]
CMD ["up"]
