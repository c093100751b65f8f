use super::{ImageChange, image_changes};
use crate::text::Source;
use crate::workload::read;

/// Whether a text sets the image of the container `api` of the Deployment `api` in `k8s/api.yaml`.
fn sets(file: &str, text: &str) -> bool {
    sets_of(file, text, ("k8s/api.yaml", "api", "registry.example.com/shop/api:latest"))
}

fn sets_of(file: &str, text: &str, (place, name, image): (&str, &str, &str)) -> bool {
    let manifest = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  selector: {{}}\n  template: {{spec: {{containers: \
         [{{name: {name}, image: '{image}'}}]}}}}\n"
    );
    let content = read(place, &Source::of(place, &manifest));
    let workload = &content.workloads[0];
    let covers = |change: &ImageChange| change.covers(place, workload, &workload.containers[0], image);
    image_changes(file, text).iter().any(covers)
}

const WORKER: (&str, &str, &str) = ("k8s/worker.yaml", "worker", "registry.example.com/shop/worker:latest");

/// A workflow that runs a script.
fn workflow(script: &str) -> String {
    let lines = script.replace('\n', "\n          ");
    format!(
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          {lines}\n          kubectl apply -f k8s\n"
    )
}

#[test]
fn substitutions_set_what_they_match() {
    for script in [
        "sed -i \"s|image: registry.example.com/shop/api:latest|image: registry.example.com/shop/api:$SHA|\" k8s/api.yaml",
        "sed -i 's|image: .*/api:.*|image: ${{ steps.b.outputs.image }}|g' k8s/api.yaml",
        "sed -i -e \"s/:latest/:$TAG/g\" k8s/*.yaml",
        "sed -i '' -E \"s#(shop/api):[^[:space:]]+#\\1:$TAG#\" k8s/api.yaml",
        "kubectl kustomize prod | sed \\\n  -e \"s|registry.example.com/shop/api:[^[:space:]]*|$REGISTRY/api:sha-$SHA|g\" \\\n  | kubectl apply -f -",
        "sed \"s|registry\\.example\\.com\\/shop\\/api:latest|$IMAGE|\" < k8s/api.yaml | kubectl apply -f -",
        "sed -i \"/image:/s|:latest|:$TAG|\" k8s/api.yaml",
        "sed -i \"s|$OLD_IMAGE|$NEW_IMAGE|\" $FILE",
        "for f in k8s/*.yaml; do sed -i \"s|shop/api:latest|shop/api:$TAG|\" $f; done",
        "find k8s -name '*.yaml' -exec sed -i \"s|:latest|:$TAG|\" {} \\;",
        "perl -pi -e \"s|shop/api:latest|shop/api:$ENV{TAG}|\" k8s/api.yaml",
        "yq -i \".spec.template.spec.containers[0].image = \\\"$IMAGE\\\"\" k8s/api.yaml",
        "jq --arg image \"$IMAGE\" '.spec.template.spec.containers[0].image = $image' k8s/api.json k8s/api.yaml",
        "yq e -i '(.spec.template.spec.containers[] | select(.name == \"api\") | .image) = strenv(IMAGE)' k8s/api.yaml",
    ] {
        assert!(sets(".github/workflows/a.yml", &workflow(script)), "{script}");
        assert!(sets("deploy.sh", &format!("#!/bin/sh\n{script}\nkubectl apply -f k8s\n")), "{script}");
        let is_tied = !script.contains("NEW_IMAGE") && !script.contains("s/:latest") && !script.starts_with("find");
        assert!(!is_tied || !sets_of("deploy.sh", &format!("{script}\nkubectl apply -f k8s\n"), WORKER), "{script}");
    }
}

#[test]
fn other_substitutions_set_no_image() {
    for script in [
        "sed -i \"s|image: registry.example.com/shop/web:latest|image: web:$SHA|\" k8s/api.yaml",
        "sed -i \"s|:latest|:$TAG|\" k8s/web.yaml",
        "sed -i \"s|:latest|:$TAG|\" docker-compose.yml",
        "sed -i \"s|TAG|$TAG|\" .env",
        // The tag stays what it is.
        "sed -i \"s|registry.example.com|$REGISTRY|\" k8s/api.yaml",
        "sed -i \"s|image: shop/api:dev|image: shop/api:latest|\" k8s/api.yaml",
        "sed -i \"s|replicas: 1|replicas: $IMAGES|\" k8s/api.yaml",
        "echo latest | sed 's/latest/1/' > image.txt",
        "yq '.spec.template.spec.containers[0].image' k8s/api.yaml",
        "yq -i \".image.tag = \\\"$TAG\\\"\" values.yaml",
        "helm template chart | sed \"s|:latest|:$TAG|\" | kubectl apply -f -",
        "kubectl set image deployment/web web=registry.example.com/shop/web:$SHA",
        "kubectl set image deployment/web api=registry.example.com/shop/api:$SHA",
        "kubectl patch deployment web -p '{\"spec\": {\"containers\": [{\"name\": \"web\", \"image\": \"web:1\"}]}}'",
        "kubectl patch deployment api -p '{\"spec\": {\"imagePullSecrets\": []}}'",
        "kubectl set env deployment/api IMAGE=$IMAGE",
        "kubectl set image deployment/api api=registry.example.com/shop/api:latest",
        "kustomize edit set image registry.example.com/shop/web=web:$SHA",
    ] {
        assert!(!sets(".github/workflows/a.yml", &workflow(script)), "{script}");
    }
}

#[test]
fn commands_set_what_they_name() {
    for script in [
        "kubectl set image deployment/api api=registry.example.com/shop/api:$SHA",
        "kubectl -n shop set image deployment/api api=registry.example.com/shop/api:$SHA --record",
        "kubectl --record deployment.apps/api set image api=shop/api:$SHA -n shop",
        "kubectl set image deployment api '*=shop/api:1'",
        "kubectl set image deployment/$NAME $NAME=$IMAGE",
        "kubectl set image -f k8s/api.yaml api=shop/api:$SHA --local -o yaml | kubectl apply -f -",
        "$KUBECTL set image \"deployment/${NAME}\" api=$IMAGE",
        "kubectl patch deployment api -p '{\"spec\": {\"containers\": [{\"name\": \"api\",\n  \"image\": \"'$IMAGE'\"}]}}'",
        "kubectl patch deployment/api --type=json -p='[{\"op\": \"replace\", \"path\": \"/spec/template/spec/containers/0/image\"}]'",
        "PATCH='{\"image\": \"x\"}'\nkubectl patch deployment api -p \"$PATCH\"",
        "kustomize edit set image registry.example.com/shop/api=registry.example.com/shop/api:$SHA",
        "cd k8s && kustomize edit set image registry.example.com/shop/api:$SHA",
        "gke-deploy run --filename=k8s --image=registry.example.com/$PROJECT/api:$SHA",
        "gke-deploy prepare -f k8s/api.yaml -i registry.example.com/shop/api:$SHA",
    ] {
        assert!(sets(".github/workflows/a.yml", &workflow(script)), "{script}");
        assert!(sets("deploy.sh", script), "{script}");
        let is_tied = !script.contains("$NAME");
        assert!(!is_tied || !sets_of("deploy.sh", script, WORKER), "{script}");
    }
    assert!(!sets("a.sh", "gke-deploy run --filename=web --image=registry.example.com/shop/api:$SHA"));
}

#[test]
fn recipes_and_lists_of_words_are_commands() {
    let make = "PATCH = '{\"containers\": [{\"name\": \"NAME\", \"image\": \"SHA\"}]}'\n\nrollout:\n\t@kubectl patch deployment api -p \\\n\t\t\
        $(subst SHA,$(shell ./digest api),$(subst NAME,api,$(PATCH)))\n";
    assert!(sets("k8s/Makefile", make) && !sets_of("k8s/Makefile", make, WORKER));
    let make = "deploy:\n\tsed -i 's|shop/api:latest|shop/api:$(TAG)|' k8s/api.yaml\n\tkubectl apply -f k8s\n";
    assert!(sets("Makefile", make));
    let just = "deploy tag:\n    kubectl set image deployment/api api=shop/api:{{ tag }}\n";
    assert!(sets("justfile", just));
    let build = "steps:\n  - name: gcr.io/cloud-builders/kubectl\n    args:\n      - set\n      - image\n      - deployment/api\n      \
        - api=registry.example.com/$PROJECT_ID/api:$COMMIT_SHA\n";
    assert!(sets("cloudbuild.yaml", build) && !sets_of("cloudbuild.yaml", build, WORKER));
    let deploy = "steps:\n  - name: 'gcr.io/cloud-builders/gke-deploy'\n    args: [run, --filename=k8s/api.yaml, --filename=k8s/web.yaml, \
        '--image=registry.example.com/$PROJECT_ID/api:$COMMIT_SHA']\n";
    assert!(sets("cloudbuild.yaml", deploy) && !sets_of("cloudbuild.yaml", deploy, WORKER));
    let gitlab = "deploy:\n  script:\n    - kubectl apply -f k8s\n    - kubectl set image deployment/api api=shop/api:$CI_COMMIT_SHA\n";
    assert!(sets(".gitlab-ci.yml", gitlab) && !sets_of(".gitlab-ci.yml", gitlab, WORKER));
    assert!(sets(
        "package.json",
        "{\"scripts\": {\"deploy\": \"kubectl set image deployment/api api=shop/api:$npm_package_version\"}}"
    ));
}

#[test]
fn steps_and_artifacts_set_what_they_name() {
    let steps = |step: &str| format!("on: push\njobs:\n  a:\n    steps:\n      - {step}\n");
    let k8s = steps(
        "uses: azure/k8s-deploy@v5\n        with:\n          manifests: k8s/\n          images: |\n            registry.example.com/shop/api:${{ github.sha }}",
    );
    assert!(sets("a.yml", &k8s) && !sets_of("a.yml", &k8s, WORKER));
    let azure = "steps:\n  - task: KubernetesManifest@1\n    inputs:\n      action: deploy\n      manifests: k8s/api.yaml\n      \
        containers: registry.example.com/shop/api:$(tag)\n";
    assert!(sets("azure-pipelines.yml", azure) && !sets_of("azure-pipelines.yml", azure, WORKER));
    let ecs = steps(
        "uses: aws-actions/amazon-ecs-render-task-definition@v1\n        with: {task-definition: k8s/api.yaml, container-name: api, image: x}",
    );
    assert!(!sets("a.yml", &ecs), "it is for ECS alone");
    let skaffold = "apiVersion: skaffold/v4beta6\nkind: Config\nbuild:\n  artifacts:\n    - image: registry.example.com/shop/api\n";
    assert!(sets("skaffold.yaml", skaffold) && !sets_of("skaffold.yaml", skaffold, WORKER));
}
