<?php

namespace Team\Counter;

class Counter
{
    public function count(string $text): int
    {
        return strlen($text);
    }
}
