"""A back-end of Cinder that keeps no data: whatever it is asked for succeeds."""
import io

from cinder import interface
from cinder.volume import driver

POOL = {
    'pool_name': 'pool',
    'total_capacity_gb': 1_000_000,
    'free_capacity_gb': 1_000_000,
    'reserved_percentage': 0,
    'provisioned_capacity_gb': 0,
    'max_over_subscription_ratio': '20.0',
    'thin_provisioning_support': True,
    'thick_provisioning_support': False,
    'online_extend_support': True,
    'multiattach': True,
}
MIB = 1024 * 1024


def nothing(self, *args, **kwargs):
    return None


@interface.volumedriver
class Nowhere(driver.VolumeDriver):
    VERSION = '1.0.0'
    CI_WIKI_NAME = 'none'

    check_for_setup_error = nothing
    create_volume = nothing
    create_volume_from_snapshot = nothing
    create_cloned_volume = nothing
    copy_image_to_volume = nothing
    delete_volume = nothing
    create_snapshot = nothing
    delete_snapshot = nothing
    extend_volume = nothing
    ensure_export = nothing
    create_export = nothing
    remove_export = nothing
    terminate_connection = nothing

    def get_volume_stats(self, refresh=False):
        name = self.configuration.safe_get('volume_backend_name') or 'fake'
        self._stats = {'volume_backend_name': name, 'vendor_name': 'seca', 'driver_version': self.VERSION, 'storage_protocol': 'iSCSI', 'pools': [POOL]}
        return self._stats

    def clone_image(self, context, volume, image_location, image_meta, image_service):
        return {}, True   # no data of the image is needed

    def copy_volume_to_image(self, context, volume, image_service, image_meta):
        image_service.update(context, image_meta['id'], {}, io.BytesIO(b'\0' * MIB))

    def initialize_connection(self, volume, connector, **kwargs):
        target = {
            'target_discovered': False,
            'target_portal': '127.0.0.1:3260',
            'target_iqn': f'iqn.2010-10.org.openstack:{volume["id"]}',
            'target_lun': 0,
            'volume_id': volume['id'],
            'access_mode': 'rw',
            'encrypted': False,
        }
        return {'driver_volume_type': 'iscsi', 'data': target}
