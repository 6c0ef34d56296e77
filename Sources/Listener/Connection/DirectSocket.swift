import Glibc
package import NIOCore

/// The socket of a channel, for writing past the channel. That is in order only while nothing waits in the channel,
/// because bytes change places otherwise.
package struct DirectSocket {
  private let descriptor: CInt

  /// The socket of a channel, whose descriptor belongs to the channel and is not to be used after its end.
  ///
  /// - Returns: `nil` for a channel that has no socket.
  package init?(_ channel: any Channel) {
    // `withUnsafeTransportIfAvailable` names the type of the transport in its cast. Swift's runtime does not remember
    // the answer to such a cast, and searches anew for each connection.
    guard let core = channel._channelCore as? any NIOTransportAccessibleChannelCore,
      let descriptor = Self.descriptor(of: core)
    else { return nil }
    self.descriptor = descriptor
  }

  private static func descriptor(of core: some NIOTransportAccessibleChannelCore) -> CInt? {
    try? core.withUnsafeTransport { $0 as? NIOBSDSocket.Handle }
  }

  /// Sends what the kernel takes now.
  ///
  /// - Returns: the bytes that it took. The rest is for the channel, which meets the error, too, if there is one.
  package func send(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard let start = bytes.baseAddress else { return 0 }
    return max(0, Glibc.send(descriptor, start, bytes.count, Int32(MSG_NOSIGNAL)))
  }
}
