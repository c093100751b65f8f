resource "null_resource" "shop" {}
