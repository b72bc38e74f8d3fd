"""`ferdash serve`: what ferdash can do, for other programs, over HTTP and a WebSocket.

It answers this computer alone unless it is told otherwise, and then only who knows its token. Pictures are classified
and forgotten; a video is kept with its analysis until that is deleted. Needs the extra ferdash[serve].
"""
