# Built in one image, run in another that holds the program, its libraries and nothing to build with.
#
#   docker build -t margind .
#   docker run --rm --read-only --network host \
#       -v "$PWD/config/live.example.yaml:/etc/margind/margind.yaml:ro" margind
#
# Until its listeners have authentication margind serves on loopback only, hence --network host.
# Pinning and locked memory: --cpuset-cpus, --ulimit memlock=-1.

FROM debian:12-slim AS build
WORKDIR /src
COPY scripts/setup scripts/setup
RUN scripts/setup
COPY . .
RUN cmake --preset release -DMARGIND_TESTS=OFF \
    && cmake --build --preset release --target margind \
    && cmake --install build/release --prefix /opt/margind --strip

FROM debian:12-slim
COPY scripts/setup /tmp/scripts/setup
RUN /tmp/scripts/setup --runtime \
    && rm -rf /tmp/scripts /var/lib/apt/lists/* \
    && useradd --system --uid 7410 --no-create-home --shell /usr/sbin/nologin margind \
    && install -d -o 7410 -m 0700 /var/lib/margind
COPY --from=build /opt/margind/bin/margind /usr/local/bin/margind
COPY config/margind.example.yaml /etc/margind/margind.yaml
# The journal outlives the container with -v margind:/var/lib/margind. Durability memory: mount a
# tmpfs that outlives it too, and name it in memory_directory.
RUN sed -i 's|^  directory: journal |  directory: /var/lib/margind |' /etc/margind/margind.yaml
VOLUME /var/lib/margind
# Accounts and the band index in huge pages, where the kernel has them.
ENV GLIBC_TUNABLES=glibc.malloc.hugetlb=1
USER 7410:7410
# Events as NDJSON, and the admin server.
EXPOSE 7411 7430
STOPSIGNAL SIGTERM
# bash speaks TCP itself: no client has to be installed for this.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/7430 && printf 'GET /livez HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r -t 2 _ status _ <&3 && [ \"$status\" = 200 ]"]
ENTRYPOINT ["/usr/local/bin/margind"]
CMD ["run", "--config", "/etc/margind/margind.yaml"]
