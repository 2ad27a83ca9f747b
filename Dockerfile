# One image for the operator and the nodes. Works with a read-only root file system and as any user.
FROM node:24-bookworm-slim AS packages
WORKDIR /holdfast
COPY package.json package-lock.json ./
# The base has Node, so the optional packages that bring one are left out.
RUN npm ci --omit=dev --omit=optional --no-audit --no-fund

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="Holdfast" \
      org.opencontainers.image.description="A Redis-compatible durable in-memory database for Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production NODE_COMPILE_CACHE=/holdfast/.compile-cache
# Buffers of 1 MiB and more are mapped, so they go back to the system when they are freed. By itself glibc takes
# even chunks of 16 MiB from its heap after the first one was freed, and hands back only what is at the heap's end.
ENV MALLOC_MMAP_THRESHOLD_=1048576 MALLOC_TRIM_THRESHOLD_=16777216
WORKDIR /holdfast
COPY --from=packages /holdfast/node_modules ./node_modules
COPY package.json LICENSE ./
COPY src ./src
RUN mkdir .compile-cache && chown 1000:1000 .compile-cache
USER 1000:1000
# Fills the compile cache, which halves the start of a process; it is only read later.
RUN node src/node/main.ts --help >/dev/null \
    && node --eval "import('/holdfast/src/operator/controllers/operator.ts')"
# node itself is process 1: signals reach it, and nothing else runs.
ENTRYPOINT ["node"]
CMD ["/holdfast/src/operator/main.ts"]
