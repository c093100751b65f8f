<?php

require __DIR__ . "/../vendor/autoload.php";

header("Content-Type: text/plain");
echo $_SERVER["REQUEST_URI"] === "/health" ? "ok\n" : (new App\Page())->text();
