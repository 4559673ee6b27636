/* What became of a text for a data channel. It is one answer, from one look at the channel: its threads empty the
 * buffer at any time, and a second question would be about another moment. */
#pragma once

typedef enum
{
  VGW_SEND_DONE,
  VGW_SEND_NO_CHANNEL, /* none is open */
  VGW_SEND_FULL,       /* its buffer is full: to be tried again */
  VGW_SEND_REFUSED,    /* it will never be taken, such as one longer than the client's a=max-message-size */
} VgwSendResult;
