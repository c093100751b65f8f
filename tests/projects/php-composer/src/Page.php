<?php

namespace App;

use Team\Clock\Clock;
use Team\Counter\Counter;
use Team\Greeter\Greeter;

class Page
{
    public function text(): string
    {
        $text = (new Greeter())->greet("visitor");
        return $text . " " . (new Counter())->count($text) . " " . ((new Clock())->year() > 2000 ? "ok" : "early") . "\n";
    }
}
