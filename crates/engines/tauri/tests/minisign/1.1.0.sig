untrusted comment: signature from minisign secret key
RURlIeK3x7qQeg7PThhJkIpKweSCFnw23IYWqBhHc/EBt8RgeETz9u0c/xch5QJ1r+HzwlacFia1r2LWFWJTvsRqFlwo4txFWw4=
trusted comment: timestamp:1767323045	file:Acme.AppImage	version:1.1.0
gykrYXZMXMh7yj+7HowQxGd4V29W/iMihsYYBSvBP+BUdmZVycLK+J4bGeYgHJVg+oPygbTv4eO3QXP6BM8dBQ==
