<?php

namespace Team\Clock;

class Clock
{
    public function year(): int
    {
        return (int) gmdate("Y");
    }
}
