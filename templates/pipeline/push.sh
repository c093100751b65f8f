docker push --quiet "$tag"
docker image inspect --format 'pushed what was started: {{join .RepoDigests " "}}' "$tag"
