<?php

namespace Team\Greeter;

class Greeter
{
    public function greet(string $name): string
    {
        return "Hello, $name";
    }
}
