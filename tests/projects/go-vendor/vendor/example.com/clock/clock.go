// Package clock tells the time of a place.
package clock

import "time"

// In is the time of day in a zone.
func In(zone string) (string, error) {
	place, err := time.LoadLocation(zone)
	if err != nil {
		return "", err
	}
	return time.Now().In(place).Format(time.TimeOnly), nil
}
