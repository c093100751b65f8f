class Dockopt < Formula
  desc "Makes Docker images smaller and builds faster"
  homepage "https://github.com/dockopt/dockopt"
  version "@VERSION@"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
      url "@DOWNLOADS@/dockopt-v@VERSION@-aarch64-apple-darwin.tar.gz"
      sha256 "@SHA256 dockopt-v@VERSION@-aarch64-apple-darwin.tar.gz@"
    end
    on_intel do
      url "@DOWNLOADS@/dockopt-v@VERSION@-x86_64-apple-darwin.tar.gz"
      sha256 "@SHA256 dockopt-v@VERSION@-x86_64-apple-darwin.tar.gz@"
    end
  end

  on_linux do
    on_arm do
      url "@DOWNLOADS@/dockopt-v@VERSION@-aarch64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256 dockopt-v@VERSION@-aarch64-unknown-linux-musl.tar.gz@"
    end
    on_intel do
      url "@DOWNLOADS@/dockopt-v@VERSION@-x86_64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256 dockopt-v@VERSION@-x86_64-unknown-linux-musl.tar.gz@"
    end
  end

  def install
    bin.install "dockopt"
    generate_completions_from_executable(bin/"dockopt", "completions")
  end

  test do
    (testpath/"Dockerfile").write "FROM debian:trixie-slim\nRUN apt-get update\n"
    assert_match "apt-lists-kept", shell_output("#{bin}/dockopt lint --fail-on none")
  end
end
