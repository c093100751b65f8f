# An engine whose store is not containerd's writes no cache: a builder of its own does, which takes TLS from a context alone.
case $(docker info --format '{{.DriverStatus}}') in
  *io.containerd.snapshotter*) ;;
  *) docker context create pipeline >/dev/null && docker buildx create --use pipeline ;;
esac
