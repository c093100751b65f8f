# frozen_string_literal: true

require "socket"
require "clockwork_face"
require "greeting_card"
require "tally_sheet"

$stdout.sync = true
tally = TallySheet.new
server = TCPServer.new("0.0.0.0", Integer(ENV.fetch("PORT", "4567")))
trap("TERM") { exit }

loop do
  client = server.accept
  path = client.gets.to_s.split[1]
  nil until client.gets.to_s.strip.empty?
  body =
    case path
    when "/health" then "ok\n"
    else "#{GreetingCard.for('visitor')} #{tally.add} at #{ClockworkFace.hour}\n"
    end
  client.write("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: #{body.bytesize}\r\nConnection: close\r\n\r\n#{body}")
  client.close
end
