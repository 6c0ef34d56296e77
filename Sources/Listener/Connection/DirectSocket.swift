import Glibc
package import NIOCore

/// The socket of a channel, for writing past the channel. That is in order only while nothing waits in the channel,
/// because bytes change places otherwise.
package struct DirectSocket {
  private let descriptor: CInt

  /// The socket of a channel, whose descriptor belongs to the channel and is not to be used after its end.
  ///
  /// - Returns: `nil` for a channel that has no socket.
  package init?(_ pipeline: ChannelPipeline.SynchronousOperations) {
    guard let descriptor = try? pipeline.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self, { $0 }) else {
      return nil
    }
    self.descriptor = descriptor
  }

  /// Sends what the kernel takes now.
  ///
  /// - Returns: the bytes that it took. The rest is for the channel, which meets the error, too, if there is one.
  package func send(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard let start = bytes.baseAddress else { return 0 }
    return max(0, Glibc.send(descriptor, start, bytes.count, Int32(MSG_NOSIGNAL)))
  }
}
